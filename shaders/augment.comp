#version 450
#extension GL_GOOGLE_include_directive : require
// augment: x[n,c,i,j] = table[c, p[c,i,j]], or 0 inside the rectangle of draw n, where p is the image that the draw names after crop,
// flip and up to six operations on its bytes (package engine's Draw says what each does)
//
//   images   (D,3,H,W)           uint8, four to a word; this window holds samples first .. first+held-1
//   table    (3,256)             what a pixel value becomes: (v/255 - mean) / std
//   draws    (N,52)              what the host drew for every image of the batch
//   x        (N/G, 3, G, H, W)   float32
//
// A workgroup makes one image, an invocation every 64th pixel of it: all take the same way through the operations, which lie in a
// loop, and most concern a pixel alone. The image lies in shared memory, a pixel to a word; twice, for operations that look at other
// pixels. KINDS has a bit for every kind of operation that occurs, so that the compiler can leave out the rest.
#include "augment_color.glsl"
#include "reflected.glsl"
#include "augment_histogram.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint H = 32;
layout(constant_id = 2) const uint W = 32;
layout(constant_id = 3) const uint PIXELS = 1024; // H*W
layout(constant_id = 4) const uint G = 1;
layout(constant_id = 5) const uint KINDS = 0;

layout(push_constant) uniform Push { uint first, held, count; } push; // count = N

layout(std430, binding = 0) readonly  buffer Images { uint images[]; };
layout(std430, binding = 1) readonly  buffer Table { float table[]; };
layout(std430, binding = 2) readonly  buffer Draws { uint draws[]; };
RESULT_FLOATS(3, X, x);

// The words of a draw, and of an operation in it.
const uint IMAGE = 0u, TOP = 1u, LEFT = 2u, FLIP = 3u, ERASE = 4u, COUNT = 8u, OPS = 9u, OP_WORDS = 7u, DRAW_WORDS = 52u;
const uint BRIGHTNESS = 0u, CONTRAST = 1u, SATURATION = 2u, SHARPNESS = 3u, HUE = 4u, POSTERIZE = 5u, SOLARIZE = 6u,
    AUTO_CONTRAST = 7u, EQUALIZE = 8u, AFFINE = 9u;

shared uint picture[2 * PIXELS];
shared uint histogram[768]; // of three channels; then the table made from it
shared uint sum;

uint first_pixel = gl_LocalInvocationID.x, next_pixel = gl_WorkGroupSize.x;
uint now = 0u; // where in picture the image as it is begins: 0 or PIXELS

// each_pixel is the loop over the pixels of an invocation.
#define each_pixel(i) for (uint i = first_pixel; i < PIXELS; i += next_pixel)

bool occurs(uint kind) { return (KINDS >> kind & 1u) != 0u; }

uint byte_at(uint at) { return images[at / 4u] >> (8u * (at % 4u)) & 255u; }

// gather copies the crop from the data set, mirrored if asked for, black outside or reflected.
void gather(uint sample_, uint draw) {
    uint base = sample_ * 3u * PIXELS;
    each_pixel(i) {
        uint j = (draws[draw + FLIP] & 1u) != 0u ? W - 1u - i % W : i % W;
        uint row = i / W + draws[draw + TOP], column = j + draws[draw + LEFT]; // wraps to a large number outside
        if ((draws[draw + FLIP] & 2u) != 0u) {
            row = reflected(row, H);
            column = reflected(column, W);
        }
        uint at = base + row * W + column;
        picture[i] = row < H && column < W ? packed(uvec3(byte_at(at), byte_at(at + PIXELS), byte_at(at + 2u * PIXELS))) : 0u;
    }
}

// mean_grey is that of the whole image, rounded half up.
uint mean_grey() {
    uint own = 0u;
    each_pixel(i) own += grey(unpacked(picture[now + i]));
    barrier(); // the sum of an earlier operation has been read
    if (first_pixel == 0u) sum = 0u;
    barrier();
    atomicAdd(sum, own); // whole numbers: the order does not matter
    barrier();
    return (2u * sum + PIXELS) / (2u * PIXELS);
}

// colour does the operations that look at a pixel alone; word is their factor's bits or their level.
void colour(uint kind, uint word) {
    float f = uintBitsToFloat(word);
    if (occurs(BRIGHTNESS) && kind == BRIGHTNESS) {
        each_pixel(i) picture[now + i] = packed(blend(uvec3(0u), unpacked(picture[now + i]), f));
    } else if (occurs(CONTRAST) && kind == CONTRAST) {
        uvec3 mean = uvec3(mean_grey());
        each_pixel(i) picture[now + i] = packed(blend(mean, unpacked(picture[now + i]), f));
    } else if (occurs(SATURATION) && kind == SATURATION) {
        each_pixel(i) {
            uvec3 v = unpacked(picture[now + i]);
            picture[now + i] = packed(blend(uvec3(grey(v)), v, f));
        }
    } else if (occurs(HUE) && kind == HUE) {
        each_pixel(i) {
            uvec3 hsv = to_hsv(unpacked(picture[now + i]));
            picture[now + i] = packed(to_rgb(uvec3(hsv.x + word & 255u, hsv.yz)));
        }
    } else if (occurs(POSTERIZE) && kind == POSTERIZE) {
        each_pixel(i) picture[now + i] = picture[now + i] & word * 0x10101u;
    } else if (occurs(SOLARIZE) && kind == SOLARIZE) {
        each_pixel(i) {
            uvec3 v = unpacked(picture[now + i]);
            picture[now + i] = packed(mix(v, 255u - v, greaterThanEqual(v, uvec3(word))));
        }
    }
}

// smoothed is the pixel under the filter of ones with a 5 in the middle, of 13 in all; the border stays.
uvec3 smoothed(uint i) {
    uint row = i / W, column = i % W;
    uvec3 middle = unpacked(picture[now + i]);
    if (row == 0u || row == H - 1u || column == 0u || column == W - 1u) return middle;
    uvec3 s = 4u * middle;
    for (uint k = 0u; k < 9u; k++) s += unpacked(picture[now + i + (k / 3u) * W + k % 3u - W - 1u]);
    return (2u * s + 13u) / 26u;
}

// moved_pixel is the one that an affine operation, whose matrix begins at word a, puts at place i.
uint moved_pixel(uint i, uint a) {
    int column = int(i % W), row = int(i / W);
    int from_x = int(draws[a]) * column + int(draws[a + 1u]) * row + int(draws[a + 2u]) >> 16;
    int from_y = int(draws[a + 3u]) * column + int(draws[a + 4u]) * row + int(draws[a + 5u]) >> 16;
    bool inside = from_x >= 0 && from_x < int(W) && from_y >= 0 && from_y < int(H);
    return inside ? picture[now + uint(from_y) * W + uint(from_x)] : 0u;
}

// rearrange does the operations that look at other pixels: it writes the other copy.
void rearrange(uint kind, uint word) {
    uint other = PIXELS - now;
    barrier(); // all pixels are as the operation before left them
    if (occurs(SHARPNESS) && kind == SHARPNESS) {
        float f = uintBitsToFloat(draws[word]);
        each_pixel(i) picture[other + i] = packed(blend(smoothed(i), unpacked(picture[now + i]), f));
    } else {
        each_pixel(i) picture[other + i] = moved_pixel(i, word);
    }
    barrier(); // all have read the copy that the next such operation writes
    now = other;
}

// make_table turns the histogram of channel c into the table of autocontrast or equalize.
void make_table(uint kind, uint c) {
    uint from = 256u * c, low = 256u, high = 0u, last = 0u;
    for (uint v = 0u; v < 256u; v++) {
        uint n = histogram[from + v];
        if (n == 0u) continue;
        low = min(low, v);
        high = v;
        last = n;
    }
    uint step_ = (PIXELS - last) / 255u, n = step_ / 2u;
    bool stretch = occurs(AUTO_CONTRAST) && kind == AUTO_CONTRAST;
    for (uint v = 0u; v < 256u; v++) {
        uint count = histogram[from + v], to = v;
        if (stretch && low < high && v >= low && v <= high) to = stretched(v, low, high);
        if (!stretch && low < high && step_ != 0u) to = min(n / step_, 255u);
        histogram[from + v] = to;
        n += count;
    }
}

// look_up does the operations that map every channel by a table made from its histogram.
void look_up(uint kind) {
    barrier(); // an earlier table has been read
    for (uint v = first_pixel; v < 768u; v += next_pixel) histogram[v] = 0u;
    barrier();
    each_pixel(i) {
        uvec3 v = unpacked(picture[now + i]);
        atomicAdd(histogram[v.x], 1u);
        atomicAdd(histogram[256u + v.y], 1u);
        atomicAdd(histogram[512u + v.z], 1u);
    }
    barrier();
    if (first_pixel < 3u) make_table(kind, first_pixel);
    barrier();
    each_pixel(i) {
        uvec3 v = unpacked(picture[now + i]);
        picture[now + i] = packed(uvec3(histogram[v.x], histogram[256u + v.y], histogram[512u + v.z]));
    }
}

// store writes the image to x, normalised and erased.
void store(uint n, uint draw) {
    uint top = draws[draw + ERASE], left = draws[draw + ERASE + 1u];
    uint height = draws[draw + ERASE + 2u], width = draws[draw + ERASE + 3u];
    each_pixel(i) {
        uvec3 v = unpacked(picture[now + i]);
        bool erased = i / W - top < height && i % W - left < width; // both wrap to a large number before the rectangle
        for (uint c = 0u; c < 3u; c++) STORE(x, plane_at(n, c, 3u, G, PIXELS) + i, erased ? 0.0 : table[256u * c + v[c]]);
    }
}

void main() {
    uint n = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    if (n >= push.count) return;
    uint draw = n * DRAW_WORDS, sample_ = draws[draw + IMAGE] - push.first; // wraps to a large number below the window
    if (sample_ >= push.held) return;
    gather(sample_, draw);
    for (uint s = 0u; s < draws[draw + COUNT]; s++) {
        uint word = draw + OPS + s * OP_WORDS, kind = draws[word];
        if ((occurs(SHARPNESS) || occurs(AFFINE)) && (kind == SHARPNESS || kind == AFFINE)) rearrange(kind, word + 1u);
        else if ((occurs(AUTO_CONTRAST) || occurs(EQUALIZE)) && (kind == AUTO_CONTRAST || kind == EQUALIZE)) look_up(kind);
        else colour(kind, draws[word + 1u]);
    }
    store(n, draw);
}
