"""The lossless half of every codec: from symbols to bytes and back, exactly.

Read the modules in this order:

    theory        how many bits a message needs: entropy, cross-entropy, ideal code length
    bits          writing and reading single bits
    huffman       whole bits per symbol
    run_length    runs of equal bytes (PackBits)
    lzw           a dictionary that both sides build while they go (GIF, TIFF)
    golomb        codes for numbers that are usually small (JPEG-LS, H.264)
    range_coder   fractions of a bit: one number names the whole message
    adaptive      models that learn the statistics while they code
    rans          the same compression with one multiplication, and many symbols at once
    tables        integer probability tables and the fast coder that the codecs of this course use
    benchmark     how fast all of them are on this machine

The rule that all of them obey: encoder and decoder compute with *identical integers*.
"""
