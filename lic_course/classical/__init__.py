"""Classical codecs, each written from scratch in small steps that a lesson can call one by one.

JPEG (lesson 02), in the order in which the data flow:

    jpeg_planes   color space, subsampled chroma, and back
    dct           the transform of a block
    jpeg_tables   quantization tables, zigzag order, the standard's Huffman tables
    jpeg_huffman  a Huffman table: codes from counts, tables fitted to a picture
    jpeg_frame    geometry: which blocks a picture has, and their order in the file
    jpeg_symbols  quantized blocks to run-length symbols
    jpeg_scan     symbols to bits
    jpeg_walk     bits to blocks
    jpeg_file     the segments of a .jpg file
    jpeg          the whole codec: encode_jpeg, decode_jpeg, OwnJpeg

Fuzzy transforms and curve fitting (lesson 05):

    fuzzy_partition  partitions, the F-transform and the F1-transform as matrix products
    fuzzy_levels     multilevel and fast multilevel, and three facts about them
    fuzzy_transform  the codec: nested partitions, each for what the ones before left
    curve_model      a block as a plane or a tanh surface, and how to fit them
    curve_fitting    the codec of such blocks
    grid_coder       grids of quantized numbers to bytes, used by both
"""
