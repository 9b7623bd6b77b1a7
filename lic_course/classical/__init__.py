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

JPEG 2000 (lesson 03):

    wavelet             5/3 and 9/7 lifting, in one and two dimensions; Mallat's layout
    mq_coder            the adaptive binary arithmetic coder
    ebcot_contexts      tier 1: what the neighbors of a coefficient say about its next bit
    ebcot_stack         all code-blocks in one stack of arrays
    ebcot_passes        the three coding passes of each bit-plane
    ebcot_encode        code-blocks to embedded codes
    ebcot_decode        and back
    jpeg2000_color      the color transforms
    jpeg2000_frame      geometry: bands, code-blocks, step sizes
    jpeg2000_rate       PCRD: where to cut each code
    jpeg2000_packets    tier 2: packets, tag trees, quality layers
    jpeg2000_file       the codestream's markers and the boxes of a .jp2 file
    jpeg2000            the whole codec: encode_jp2, decode_jp2, OwnJpeg2000

Embedded coding (lesson 03), on the coefficients of `wavelet`:

    ezw           embedded zerotrees, the short version
    spiht_coder   set partitioning: coefficients to bits that may be cut anywhere
    spiht         the whole codec: Spiht, truncate

Near-lossless JPEG-LS (lesson 03):

    jpeg_ls_model  prediction, contexts and runs: one walk over the picture for both directions
    jpeg_ls_bits   Golomb codes and stuffed bits
    jpeg_ls        the whole codec: encode_jpeg_ls, decode_jpeg_ls, JpegLs

Fuzzy transforms and curve fitting (lesson 05):

    fuzzy_partition  partitions, the F-transform and the F1-transform as matrix products
    fuzzy_levels     multilevel and fast multilevel, and three facts about them
    fuzzy_transform  the codec: nested partitions, each for what the ones before left
    curve_model      a block as a plane or a tanh surface, and how to fit them
    curve_fitting    the codec of such blocks
    grid_coder       grids of quantized numbers to bytes, used by both

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
