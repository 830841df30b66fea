#version 450
#extension GL_GOOGLE_include_directive : require
// flatten: y[n,c*PLANE+r] = x[n,c,r], or, REVERSED, flatten_backward: x[n,c,r] = y[n,c*PLANE+r]
//
//   x  (N/GX, C, GX, PLANE), planes being images, a multiple of 4 values
//   y  (N/GY, C*PLANE, GY), GY a multiple of 4
//
// In x the pixels of an image lie side by side, in y the images of a panel. One invocation turns four pixels of four
// images around: four vec4s in, four out.
//
// ops: flatten, flatten_backward (with REVERSED)
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 16; // in vec4
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 4;
layout(constant_id = 5) const bool REVERSED = false;

layout(push_constant) uniform Push { uint count; } push; // N/4*C*PLANE

ACTIVATION(0, From, from);
RESULTS(1, To, to);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    uint n = id / (C * PLANE) * 4u, c = id / PLANE % C, r = id % PLANE;
    uint x[4];
    for (uint i = 0u; i < 4u; i++) x[i] = plane_at(n + i, c, C, GX, PLANE) + r;
    const uint step = GY / 4u;
    uint y = (n / GY * (C * PLANE * 4u) + (c * PLANE + r) * 4u) * step + n % GY / 4u;
    if (REVERSED) {
        mat4 square = transpose(mat4(FETCH(from, y), FETCH(from, y + step), FETCH(from, y + 2u * step), FETCH(from, y + 3u * step)));
        for (uint i = 0u; i < 4u; i++) STORE(to, x[i], square[i]);
    } else {
        mat4 square = transpose(mat4(FETCH(from, x[0]), FETCH(from, x[1]), FETCH(from, x[2]), FETCH(from, x[3])));
        for (uint i = 0u; i < 4u; i++) STORE(to, y + i * step, square[i]);
    }
}
