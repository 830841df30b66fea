// A chunk is the neighbouring values that an invocation moves at once: a number of type chunk has CHUNK of them.
//
// A shader that includes this file is two kernels: NAME moves vec4s and wants rows of a multiple of four values, NAME_any, with
// SCALAR, moves single floats and takes every shape.
#ifndef WIDTH_GLSL
#define WIDTH_GLSL

#ifdef SCALAR
#define CHUNK 1u
#define chunk float
#else
#define CHUNK 4u
#define chunk vec4
#endif

#endif
