enum E { A, B, A };
enum F { B };
