int n;
int a[n];
int f(int n) { int b[n]; return sizeof b; }
int length;
void in_block(int n) {
  typedef int row[n];
  typedef row row;
  extern row *function(void);
  extern row *pointer;
}

int members_length;
struct members_at_file_scope {
  int a[members_length];
};
struct pointers_at_file_scope {
  int (*a)[members_length];
};
void static_variable_length(int n) { static int a[n]; }
