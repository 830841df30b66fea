#version 450
#extension GL_GOOGLE_include_directive : require
// muon, at the end of each Newton-Schulz step: y[r,j] = LINEAR x[r,j] + sum over k of x[r,k] b[k,j]
//
//   x, y  (height*4, width*4)    b  (width*4, width*4)
//
// One invocation makes 4 x 4 values: of each four k a vec4 from four rows of x, and from four rows of b.
#include "dispatch.glsl"

layout(constant_id = 1) const float LINEAR = 3.4445;

layout(push_constant) uniform Push { uint height, width; } push;

layout(std430, binding = 0) readonly  buffer X { vec4 x[]; };
layout(std430, binding = 1) readonly  buffer B { vec4 b[]; };
layout(std430, binding = 2) writeonly buffer Y { vec4 y[]; };

void main() {
    uint n = invocation(), width = push.width;
    if (n >= push.height * width) return;
    uint r = 4u * (n / width) * width, j = n % width;
    vec4 sum0 = vec4(0.0), sum1 = vec4(0.0), sum2 = vec4(0.0), sum3 = vec4(0.0);
    for (uint k = 0u; k < width; k++) {
        uint at = 4u * k * width + j;
        vec4 b0 = b[at], b1 = b[at + width], b2 = b[at + 2u * width], b3 = b[at + 3u * width];
        vec4 x0 = x[r + k], x1 = x[r + width + k], x2 = x[r + 2u * width + k], x3 = x[r + 3u * width + k];
        sum0 += (x0.x * b0 + x0.y * b1) + (x0.z * b2 + x0.w * b3);
        sum1 += (x1.x * b0 + x1.y * b1) + (x1.z * b2 + x1.w * b3);
        sum2 += (x2.x * b0 + x2.y * b1) + (x2.z * b2 + x2.w * b3);
        sum3 += (x3.x * b0 + x3.y * b1) + (x3.z * b2 + x3.w * b3);
    }
    uint at = r + j;
    y[at] = LINEAR * x[at] + sum0;
    y[at + width] = LINEAR * x[at + width] + sum1;
    y[at + 2u * width] = LINEAR * x[at + 2u * width] + sum2;
    y[at + 3u * width] = LINEAR * x[at + 3u * width] + sum3;
}
