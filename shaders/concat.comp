#version 450
#extension GL_GOOGLE_include_directive : require
// concat: y = a followed by b followed by c
//
//   a  (COUNT_A)   b  (COUNT_B)   c  (COUNT_C, or bound to anything if that is 0)   y  (COUNT_A + COUNT_B + COUNT_C)
//
// Brings small vectors into one window, for kernels that need more operands than the four windows every device has.
#include "dispatch.glsl"

layout(constant_id = 1) const uint COUNT_A = 1;
layout(constant_id = 2) const uint COUNT_B = 1;
layout(constant_id = 3) const uint COUNT_C = 1;

layout(std430, binding = 0) readonly  buffer A { float a[]; };
layout(std430, binding = 1) readonly  buffer B { float b[]; };
layout(std430, binding = 2) readonly  buffer C { float c[]; };
layout(std430, binding = 3) writeonly buffer Y { float y[]; };

void main() {
    uint i = invocation();
    if (i < COUNT_A) y[i] = a[i];
    else if (i < COUNT_A + COUNT_B) y[i] = b[i - COUNT_A];
    else if (i < COUNT_A + COUNT_B + COUNT_C) y[i] = c[i - COUNT_A - COUNT_B];
}
