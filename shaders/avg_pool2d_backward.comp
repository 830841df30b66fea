#version 450
#extension GL_GOOGLE_include_directive : require
// avg_pool2d_backward: dx = the sum of dy over the windows that have the pixel / the window's pixels. Windows are of 2 x 2, side by side,
// or, OVERLAPPED, of 3 x 3 at every second row and column.
//
//   dy  (N/GD, C, GD, HO, W/2), HO being H/2, or (H+1)/2
//   dx  (N/GY, C, GY, H, W)   float32, W a multiple of 4 (avg_pool2d_backward_any takes others)
//
// One invocation makes four neighbouring values. In windows that overlap an even row or column lies in one, an odd one in two.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const bool OVERLAPPED = false;
layout(constant_id = 5) const uint GD = 1;
layout(constant_id = 6) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*H*(W/4)

ACTIVATION_FLOATS(0, DY, dy);
RESULTS(1, DX, dx);

// gradients are those of three windows of a row, 0 for one that is not there.
vec3 gradients(uint at, bool third) { return vec3(FETCH(dy, at), FETCH(dy, at + 1u), third ? FETCH(dy, at + 2u) : 0.0); }

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint HO = (OVERLAPPED ? H + 1u : H) / 2u, row = W / 4u;
    Place p = place_of(id, C, GY, H * row);
    uint i = p.r / row, j = p.r % row;
    if (i / 2u >= HO) { // an odd last row that is in no window
        STORE(dx, id, vec4(0.0));
        return;
    }
    bool third = OVERLAPPED && j + 1u < row;
    uint at = plane_at(p.n, p.c, C, GD, HO * (W / 2u)) + i / 2u * (W / 2u) + 2u * j;
    vec3 d = gradients(at, third);
    if (!OVERLAPPED) {
        STORE(dx, id, 0.25 * d.xxyy);
        return;
    }
    if (i % 2u == 1u && i / 2u + 1u < HO) d += gradients(at + W / 2u, third);
    STORE(dx, id, vec4(d.x, d.x + d.y, d.y, d.y + d.z) / 9.0);
}
