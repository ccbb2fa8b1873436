_Pragma(1)
int a;
_Pragma "once"
int b;
_Pragma("unterminated"
