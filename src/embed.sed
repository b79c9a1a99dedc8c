# SPDX-License-Identifier: MIT
# Turns a text file into the lines of a C string.
s/[\\"]/\\&/g
s/^/"/
s/$/\\n"/
