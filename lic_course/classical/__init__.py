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
JPEG 2000 (lesson 03):

    wavelet             5/3 and 9/7 lifting, in one and two dimensions
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
"""
