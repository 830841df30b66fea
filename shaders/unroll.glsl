// Loops written out, so that every index is a constant: an array indexed by a variable cannot live in registers. f is a macro that
// puts its argument in parentheses.
#ifndef UNROLL_GLSL
#define UNROLL_GLSL

#define EACH_OF_4(f, i) f(i) f(i + 1) f(i + 2) f(i + 3)
#define EACH_OF_8(f, i) f(i) f(i + 1) f(i + 2) f(i + 3) f(i + 4) f(i + 5) f(i + 6) f(i + 7)
#define EACH_OF_16(f, i) f(i) f(i + 1) f(i + 2) f(i + 3) f(i + 4) f(i + 5) f(i + 6) f(i + 7) \
    f(i + 8) f(i + 9) f(i + 10) f(i + 11) f(i + 12) f(i + 13) f(i + 14) f(i + 15)

#endif
