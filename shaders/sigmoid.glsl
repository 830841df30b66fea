// sigmoid is 1 / (1 + exp(-v)) on each value. The exponential is that of -|v|, which no v makes overflow.
#ifndef SIGMOID_GLSL
#define SIGMOID_GLSL

#include "chunk.glsl"

chunk sigmoid(chunk v) {
    chunk e = exp(-abs(v));
#ifdef SCALAR
    return (v < 0.0 ? e : 1.0) / (1.0 + e);
#else
    return mix(vec4(1.0), e, lessThan(v, vec4(0.0))) / (1.0 + e);
#endif
}

#endif
