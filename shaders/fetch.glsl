// How a kernel reads and writes its activations. It reads them from storage buffers, or, with TEXEL, from texel buffers
// (rgba32f). CPU drivers gather a texel for every lane at once where they load from a storage buffer lane by lane, and many
// GPUs have a cache of their own for texels; but a device need not take more than 65,536 of them in one buffer.
//
//   ACTIVATION(place, Buffer, name)   FETCH(name, i) is its chunk number i
//   RESULTS(place, Buffer, name)      STORE(name, i, value) writes it
//
// ..._FLOATS count single values, whatever a chunk is. ACTIVATION_STORED lies in a storage buffer with TEXEL as well: FETCH_STORED(name, i).
// What is no activation and is read as one is, from texels too, is declared with FLOATS and read with READ.
//
// A shader that includes this file and reads chunks is two kernels, NAME and NAME_texel (vec4s). What it reads so are its last bindings.
#ifndef FETCH_GLSL
#define FETCH_GLSL

#include "width.glsl"

#ifdef TEXEL
#define FLOATS(place, Buffer, name) layout(binding = place) uniform samplerBuffer name
#define READ(name, i) texelFetch(name, int(i))
#else
#define FLOATS(place, Buffer, name) layout(std430, binding = place) readonly buffer Buffer { chunk name[]; }
#define READ(name, i) name[i]
#endif

#define ACTIVATION(place, Buffer, name) FLOATS(place, Buffer, name)
#define ACTIVATION_FLOATS(place, Buffer, name) layout(std430, binding = place) readonly buffer Buffer { float name[]; }
#define ACTIVATION_STORED(place, Buffer, name) layout(std430, binding = place) readonly buffer Buffer { chunk name[]; }
#define FETCH(name, i) READ(name, i)
#define FETCH_STORED(name, i) name[i]
#define RESULTS(place, Buffer, name) layout(std430, binding = place) writeonly buffer Buffer { chunk name[]; }
#define RESULT_FLOATS(place, Buffer, name) layout(std430, binding = place) writeonly buffer Buffer { float name[]; }
#define STORE(name, i, value) name[i] = value

#endif
