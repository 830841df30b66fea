#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_backward, last stage: dx = weight/sqrt(var+eps) * (dy - mean(dy) - xhat * mean(dy*xhat))
//   as dx[n,c,r] = scale[c] * (dy[n,c,r] - mean_g[c] - (x[n,c,r] - mean[c]) * mean_gx[c])
//
//   dy, x, dx  (N/g, C, g, PLANE*CHUNK), g being GD, GX and GY
//   vectors    (6, C) by batch_norm2d_backward_finish (see channels.glsl)
//
// One invocation makes CHUNK values.
//
// kernel batch_norm2d_backward
// kernel batch_norm2d_backward_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION(0, DY, dy);
ACTIVATION(1, X, x);
layout(std430, binding = 2) readonly  buffer Vectors { float vectors[]; };
RESULTS(3, DX, dx);

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    uint c = i / (GY * PLANE) % C;
    chunk d = FETCH(dy, moved(i, C, GY, GD, PLANE)) - vectors[MEAN_G + c];
    STORE(dx, i, vectors[SCALE + c] * (d - (FETCH(x, moved(i, C, GY, GX, PLANE)) - vectors[MEAN + c]) * vectors[MEAN_GX + c]));
}
