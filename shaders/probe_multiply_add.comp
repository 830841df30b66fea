#version 450
#extension GL_GOOGLE_include_directive : require
// probe_multiply_add: y[i] = x0 + ... + x11, each xk being i%64 + k at first, and then 64*rounds times xk * a + b
//
//   y  (count)
//
// Not an op: it finds out how much arithmetic a device can do. Twelve chains do not wait for each other and fit in the 16 vector
// registers that CPU drivers have; a mask of invocations that returned early would be one too many and make it ten times
// slower, so that only the store asks. The body of the loop is 768 multiply-adds in a line: values carried round a loop go
// through memory on CPU drivers, while a line four times as long is slow for its length. Some GPUs' multiply-add takes one scalar and not two, so
// b is not one.
#include "dispatch.glsl"

layout(push_constant) uniform Push { uint count, rounds; float a, b; } push;

layout(std430, binding = 0) writeonly buffer Y { float y[]; };

#define ONE(x) x = x * a + b;
#define EACH ONE(x0) ONE(x1) ONE(x2) ONE(x3) ONE(x4) ONE(x5) ONE(x6) ONE(x7) ONE(x8) ONE(x9) ONE(x10) ONE(x11)
#define FOUR EACH EACH EACH EACH
#define SIXTEEN FOUR FOUR FOUR FOUR

void main() {
    uint i = invocation();
    float a = push.a, b = i < push.count ? push.b : 0.0, x0 = float(i % 64u);
    float x1 = x0 + 1.0, x2 = x0 + 2.0, x3 = x0 + 3.0, x4 = x0 + 4.0, x5 = x0 + 5.0, x6 = x0 + 6.0;
    float x7 = x0 + 7.0, x8 = x0 + 8.0, x9 = x0 + 9.0, x10 = x0 + 10.0, x11 = x0 + 11.0;
    for (uint round = 0u; round < push.rounds; round++) {
        SIXTEEN SIXTEEN SIXTEEN SIXTEEN
    }
    if (i < push.count) y[i] = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11;
}
