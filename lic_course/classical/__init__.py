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

Principal components and codebooks (lesson 04):

    karhunen_loeve       principal components, coding gain, the row PCA of tutorials
    laplace_tables       integer tables for coefficients that are mostly zero
    component_coder      coefficients of all blocks to bits, component after component
    pca                  the whole codec of pictures in axes of their own
    codebooks            LBG, k-means, fuzzy c-means
    index_coder          numbers of codewords to bits, with tables that learn
    vector_quantization  the whole codec by codebooks
    codebook_training    how the universal codebooks were made
    spectral             spectral cubes: encode_cube, decode_cube
    spectral_planes      planes of scores by JPEG 2000 or DCT
    spectral_detection   finding a material before and after coding; a synthetic scene
    spectral_files       cubes on the command line
"""
