x
#define A \
  1
A
yz