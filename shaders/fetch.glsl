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

#ifdef HALF
#include "half.glsl"

// Buffers of words, and a function for each that reads or writes it. Behind the function its prototype stands once more, for the
// semicolon to come.
#define READER(type, name, value) type name##_at(uint i) { return value; } type name##_at(uint i)
#define ACTIVATION_FLOATS(place, Buffer, name) layout(std430, binding = place) readonly buffer Buffer { uint name[]; }; \
    READER(float, name, decoded(name[i / 2u], i))
#define ACTIVATION_CHUNKS(place, Buffer, name) layout(std430, binding = place) readonly buffer Buffer { uvec2 name[]; }; \
    READER(vec4, name, decoded(name[i]))
#define AT(name, i) name##_at(i)
#define FETCH(name, i) AT(name, i)
#define FETCH_STORED(name, i) AT(name, i)

// Two invocations may store the halves of a word: each clears its own and sets it, in whatever order they come.
#define RESULT_FLOATS(place, Buffer, name) layout(std430, binding = place) buffer Buffer { uint name[]; }; \
    void name##_put(uint i, float v) { \
        uint shift = 16u * (i & 1u); \
        atomicAnd(name[i / 2u], 0xffff0000u >> shift); \
        atomicOr(name[i / 2u], encoded(v) << shift); \
    } \
    void name##_put(uint i, float v)
#define RESULT_CHUNKS(place, Buffer, name) layout(std430, binding = place) buffer Buffer { uvec2 name[]; }; \
    void name##_put(uint i, vec4 v) { name[i] = encoded(v); } \
    void name##_put(uint i, vec4 v)
#define PUT(name, i, value) name##_put(i, value)
#define STORE(name, i, value) PUT(name, i, value)

#ifdef SCALAR
#define ACTIVATION(place, Buffer, name) ACTIVATION_FLOATS(place, Buffer, name)
#define ACTIVATION_STORED(place, Buffer, name) ACTIVATION_FLOATS(place, Buffer, name)
#define RESULTS(place, Buffer, name) RESULT_FLOATS(place, Buffer, name)
#else
#ifdef TEXEL
#define ACTIVATION(place, Buffer, name) layout(binding = place) uniform usamplerBuffer name; READER(vec4, name, decoded(texelFetch(name, int(i)).xy))
#else
#define ACTIVATION(place, Buffer, name) ACTIVATION_CHUNKS(place, Buffer, name)
#endif
#define ACTIVATION_STORED(place, Buffer, name) ACTIVATION_CHUNKS(place, Buffer, name)
#define RESULTS(place, Buffer, name) RESULT_CHUNKS(place, Buffer, name)
#endif
#define WEIGHT(v) rounded(v)

#else
#define ACTIVATION(place, Buffer, name) FLOATS(place, Buffer, name)
#define ACTIVATION_FLOATS(place, Buffer, name) layout(std430, binding = place) readonly buffer Buffer { float name[]; }
#define ACTIVATION_STORED(place, Buffer, name) layout(std430, binding = place) readonly buffer Buffer { chunk name[]; }
#define FETCH(name, i) READ(name, i)
#define FETCH_STORED(name, i) name[i]
#define RESULTS(place, Buffer, name) layout(std430, binding = place) writeonly buffer Buffer { chunk name[]; }
#define RESULT_FLOATS(place, Buffer, name) layout(std430, binding = place) writeonly buffer Buffer { float name[]; }
#define STORE(name, i, value) name[i] = value
#define WEIGHT(v) (v)
#endif

#endif
