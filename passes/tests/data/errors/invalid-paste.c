#define paste(a, b) a ## b
int a = 1 paste(+, *) 2;
int b = 1 paste(<, >) 2;
int c = paste(1, 2) + paste(3, ) + paste(, 4);
int d = 1 paste(/, /) 2;
