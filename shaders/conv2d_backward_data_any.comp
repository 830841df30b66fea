#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_data on any shape:
//   dx[n,k,i,j] = sum over m,u,v of w[m,k,u,v] * dy[n,m,(i+PADDING-u)/STRIDE,(j+PADDING-v)/STRIDE], where both divide
//
//   dy  (N/GD, M, GD, HO, WO), 0 outside   w  (M, K, R, R)   dx  (N/GX, K, GX, H, W)
//
// One invocation makes one value of dx.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint H = 32;
layout(constant_id = 4) const uint W = 32;
layout(constant_id = 5) const uint HO = 32;
layout(constant_id = 6) const uint WO = 32;
layout(constant_id = 7) const uint R = 3;
layout(constant_id = 8) const uint STRIDE = 1;
layout(constant_id = 9) const uint PADDING = 1;
layout(constant_id = 10) const uint GD = 1;
layout(constant_id = 11) const uint GX = 1;

layout(push_constant) uniform Push { uint count; } push; // N*K*H*W

ACTIVATION_FLOATS(0, DY, dy);
layout(std430, binding = 1) readonly  buffer Weight { float w[]; };
RESULT_FLOATS(2, DX, dx);

// meets reports whether tap t of some output reads place i of the input, and which output that is.
bool meets(uint i, uint t, uint size, out uint at) {
    uint distance = i + PADDING - t; // wraps around below 0, to no output
    at = distance / STRIDE;
    return distance % STRIDE == 0u && at < size;
}

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, K, GX, H * W);
    float sum = 0.0;
    for (uint m = 0u; m < M; m++) {
        uint from = plane_at(p.n, m, M, GD, HO * WO), tap = (m * K + p.c) * R * R;
        for (uint u = 0u; u < R; u++) {
            uint i, j;
            if (!meets(p.r / W, u, HO, i)) continue;
            for (uint v = 0u; v < R; v++) {
                if (meets(p.r % W, v, WO, j)) sum += WEIGHT(w[tap + u * R + v]) * FETCH(dy, from + i * WO + j);
            }
        }
    }
    STORE(dx, id, sum);
}
