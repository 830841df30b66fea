#version 450
#extension GL_GOOGLE_include_directive : require
// pack_conv2d: packed[m/R, k, t, m%R] = w[m,k,t], or, TURNED, w[k,m,TAPS-1-t]; 0 for m >= M
//
//   w       (M, K, TAPS), or TURNED (K, M, TAPS)   packed  (ceil(M/R), K, TAPS, R)
//
// Turned around, a weight makes the gradient by the input, at stride 1, out of the gradient by the output as a
// convolution makes its output. One invocation moves one value.
#include "dispatch.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint TAPS = 9;
layout(constant_id = 4) const uint R = 16;
layout(constant_id = 5) const bool TURNED = false;

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
layout(std430, binding = 1) writeonly buffer Packed { float packed[]; };

void main() {
    uint id = invocation();
    if (id >= (M + R - 1u) / R * R * K * TAPS) return;
    uint t = id / R % TAPS, k = id / (R * TAPS) % K, m = id / (R * TAPS * K) * R + id % R;
    packed[id] = m >= M ? 0.0 : TURNED ? w[(k * M + m) * TAPS + TAPS - 1u - t] : w[(m * K + k) * TAPS + t];
}
