#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d, last stage: y[n,c,r] = (x[n,c,r] - mean[c]) * scale[c] + bias[c]
//
//   x     (N/GX, C, GX, PLANE*CHUNK)   y  (N/GY, C, GY, PLANE*CHUNK)
//   vectors  (4, C): mean, 1/sqrt(var + eps), scale, bias (see channels.glsl)
//
// Subtracting the mean first keeps the digits that x*scale + shift would lose where the mean is large.
// One invocation makes CHUNK values.
//
// ops: batch_norm2d, batch_norm2d_eval
// kernel batch_norm2d_normalize
// kernel batch_norm2d_normalize_any: SCALAR
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION(0, X, x);
layout(std430, binding = 1) readonly  buffer Vectors { float vectors[]; };
RESULTS(2, Y, y);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    uint c = i / (GY * PLANE) % C;
    STORE(y, i, (FETCH(x, moved(i, C, GY, GX, PLANE)) - vectors[MEAN + c]) * vectors[SCALE + c] + vectors[BIAS + c]);
}
