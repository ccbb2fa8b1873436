#foo
#if 0
#bar
#elseif
#endif
  # define_it 1
#includes "a.h"
#12x
int a;
