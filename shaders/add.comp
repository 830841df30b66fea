#version 450
#extension GL_GOOGLE_include_directive : require
// add: y = a + b, and with ANY_FUNCTION an activation after it in one pass, FUNCTION of activation.glsl
//
//   a, b, y  (N/g, C, g, PLANE*CHUNK), g being GA, GB and GY; flat tensors are one plane
//
// One invocation makes CHUNK values.
//
// kernel add
// kernel add_texel: TEXEL
// kernel add_any: SCALAR
// kernel add_activation: ANY_FUNCTION
// kernel add_activation_texel: ANY_FUNCTION TEXEL
// kernel add_activation_any: ANY_FUNCTION SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#ifdef ANY_FUNCTION
#include "activation.glsl"
#endif

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GA = 1;
layout(constant_id = 4) const uint GB = 1;
layout(constant_id = 5) const uint GY = 1;
#ifdef ANY_FUNCTION
layout(constant_id = 6) const uint FUNCTION = 6;
#endif

layout(push_constant) uniform Push { uint count; } push;

RESULTS(0, Y, y);
ACTIVATION(1, A, a);
ACTIVATION(2, B, b);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    chunk sum = FETCH(a, moved(i, C, GY, GA, PLANE)) + FETCH(b, moved(i, C, GY, GB, PLANE));
#ifdef ANY_FUNCTION
    sum = activated(FUNCTION, sum);
#endif
    STORE(y, i, sum);
}
