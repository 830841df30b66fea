// What the direct kernels of the depthwise 3 x 3 convolution share: a piece of a row of an image, with the neighbours that
// the taps to the left and right of it need.
//
// Before it stand H, W, COLS (the vec4s of a piece, at most 4, dividing W/4) and the activation x.
#ifndef DEPTHWISE_ROW_GLSL
#define DEPTHWISE_ROW_GLSL

struct Row { float left; vec4 mid[4]; float right; }; // the first COLS of mid

// load reads row i of a plane from column 4*j on; what lies outside of the image is 0.
Row load(uint plane, int i, uint j) {
    Row r;
    bool inside = i >= 0 && i < int(H);
    uint at = plane + uint(clamp(i, 0, int(H) - 1)) * (W / 4u) + j;
    for (uint q = 0u; q < COLS; q++) r.mid[q] = inside ? FETCH(x, at + q) : vec4(0.0);
    r.left = 0.0;
    r.right = 0.0;
    if (COLS < W / 4u) { // else there is nothing beside it
        if (inside && j > 0u) r.left = FETCH(x, at - 1u).w;
        if (inside && j + COLS < W / 4u) r.right = FETCH(x, at + COLS).x;
    }
    return r;
}

// before and after are the four values whose neighbours on the right and on the left are mid[q].
vec4 before(Row r, uint q) { return vec4(q == 0u ? r.left : r.mid[q - 1u].w, r.mid[q].xyz); }
vec4 after(Row r, uint q) { return vec4(r.mid[q].yzw, q + 1u == COLS ? r.right : r.mid[q + 1u].x); }

#endif
