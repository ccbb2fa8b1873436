__FILE_NAME__
#line 7 "folder/other.c"
__FILE_NAME__ __FILE__
#if __has_c_attribute(nodiscard) == 202003 && __has_c_attribute(__deprecated__) == 201904
standard
#endif
#if __has_c_attribute(packed)
wrong
#endif
#if __has_c_attribute(gnu::packed) && __has_attribute(gnu::__packed__) && __has_cpp_attribute(__gnu__::fallthrough)
of a vendor
#endif
#if __has_cpp_attribute(clang::x) || __has_attribute(gnu::nothing)
wrong
#endif
#if ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))
deep
#endif
