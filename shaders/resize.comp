#version 450
#extension GL_GOOGLE_include_directive : require
// resize: bilinear, as torch.nn.functional.interpolate(mode='bilinear', align_corners=False): each way a place of y is at
//   max((place + 0.5) * (size of x / size of y) - 0.5, 0)
// in x, between the two values there, of which the last one has no next
//
//   x  (N/GX, C, GX, H, W)   y  (N/GY, C, GY, HO, WO)
//
// One invocation makes one value.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 3;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint HO = 24;
layout(constant_id = 5) const uint WO = 24;
layout(constant_id = 6) const uint GX = 1;
layout(constant_id = 7) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push;

ACTIVATION_FLOATS(0, X, x);
RESULT_FLOATS(1, Y, y);

float place(uint to, float size, float new_size) { return max((float(to) + 0.5) * (size / new_size) - 0.5, 0.0); }

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    Place p = place_of(i, C, GY, HO * WO);
    float row = place(p.r / WO, float(H), float(HO)), column = place(p.r % WO, float(W), float(WO));
    uint top = uint(row), left = uint(column), below = min(top + 1u, H - 1u), right = min(left + 1u, W - 1u);
    float down = row - float(top), across = column - float(left);
    uint at = plane_at(p.n, p.c, C, GX, H * W);
    float upper = FETCH(x, at + top * W + left) * (1.0 - across) + FETCH(x, at + top * W + right) * across;
    float lower = FETCH(x, at + below * W + left) * (1.0 - across) + FETCH(x, at + below * W + right) * across;
    STORE(y, i, upper * (1.0 - down) + lower * down);
}
