#version 450
#extension GL_GOOGLE_include_directive : require
// add: y = a + b, and with ANY_FUNCTION an activation after it in one pass, FUNCTION of activation.glsl
//
//   a, b, y  (N/g, C, g, PLANE*CHUNK), g being GA, GB and GY; flat tensors are one plane
//
// One invocation makes CHUNK values.
//
// kernel add
// kernel add_any: SCALAR
// kernel add_activation: ANY_FUNCTION
// kernel add_activation_any: ANY_FUNCTION SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
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

layout(std430, binding = 0) readonly  buffer A { chunk a[]; };
layout(std430, binding = 1) readonly  buffer B { chunk b[]; };
layout(std430, binding = 2) writeonly buffer Y { chunk y[]; };

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    chunk sum = a[moved(i, C, GY, GA, PLANE)] + b[moved(i, C, GY, GB, PLANE)];
#ifdef ANY_FUNCTION
    sum = activated(FUNCTION, sum);
#endif
    y[i] = sum;
}
