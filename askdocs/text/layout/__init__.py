"""Make blocks of printed pages, whose files say where type stands and not what it is.

`lines` are read from a file, page by page; `pages` groups those of a page into drafts of blocks;
`drafts` makes the document of them.
"""
