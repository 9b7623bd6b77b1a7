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

Wavelets and embedded coding (lesson 03):

    lifting       the 5/3 and 9/7 transforms
    ezw           embedded zerotrees, the short version
    spiht_coder   set partitioning: coefficients to bits that may be cut anywhere
    spiht         the whole codec: Spiht, truncate

Near-lossless JPEG-LS (lesson 03):

    jpeg_ls_model  prediction, contexts and runs: one walk over the picture for both directions
    jpeg_ls_bits   Golomb codes and stuffed bits
    jpeg_ls        the whole codec: encode_jpeg_ls, decode_jpeg_ls, JpegLs
"""
