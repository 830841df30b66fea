// What the pooling kernels for any shape share: the sizes of image and windows, and which pixels and windows belong together.
#ifndef POOL_WINDOW_GLSL
#define POOL_WINDOW_GLSL

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint HO = 16;
layout(constant_id = 5) const uint WO = 16;
layout(constant_id = 6) const uint R = 2; // rows and columns of a window
layout(constant_id = 7) const uint STRIDE = 2;
layout(constant_id = 8) const uint PADDING = 0;

// pixels are the first and the first no more, along an image of that size, that window o has.
uvec2 pixels(uint o, uint size) {
    uint start = o * STRIDE;
    return uvec2(max(start, PADDING) - PADDING, min(start + R - PADDING, size));
}

// windows are the first and the first no more, of count, that have pixel i.
uvec2 windows(uint i, uint count) {
    uint end = i + PADDING;
    return uvec2(end < R ? 0u : (end - R) / STRIDE + 1u, min(end / STRIDE + 1u, count));
}

#endif
