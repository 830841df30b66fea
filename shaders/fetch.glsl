// Where a kernel reads its activations: from storage buffers, or, with TEXEL, from texel buffers
// (rgba32f). CPU drivers gather a texel for every lane at once where they load from a storage buffer lane by lane, and many
// GPUs have a cache of their own for texels; but a device need not take more than 65,536 of them in one buffer.
//
// A shader that includes this file is two kernels, NAME and NAME_texel (vec4s). Its activations are its last bindings.
#ifndef FETCH_GLSL
#define FETCH_GLSL

#include "chunk.glsl"

#ifdef TEXEL
#define ACTIVATION(place, Buffer, name) layout(binding = place) uniform samplerBuffer name
#define FETCH(name, i) texelFetch(name, int(i))
#else
#define ACTIVATION(place, Buffer, name) layout(std430, binding = place) readonly buffer Buffer { chunk name[]; }
#define FETCH(name, i) name[i]
#endif

#endif
