// The tables of Pillow's autocontrast and equalize for one channel, made from its histogram.
//
// Pillow computes autocontrast in doubles: v -> int(v*s + o) with s = 255/(high-low), o = -low*s. Where the exact result is a whole
// number, the roundings of s, both products and their sum decide whether it is reached or just missed. A device may have no
// doubles: those few cases follow the roundings with 64-bit whole numbers, (high, low) in a uvec2.
#ifndef AUGMENT_HISTOGRAM_GLSL
#define AUGMENT_HISTOGRAM_GLSL

int bits(uvec2 x) { return x.x != 0u ? 33 + findMSB(x.x) : 1 + findMSB(x.y); }

uvec2 shifted_left(uvec2 x, int n) {
    if (n == 0) return x;
    return n < 32 ? uvec2(x.x << n | x.y >> (32 - n), x.y << n) : uvec2(x.y << (n - 32), 0u);
}

bool less(uvec2 a, uvec2 b) { return a.x < b.x || a.x == b.x && a.y < b.y; }

uvec2 difference(uvec2 a, uvec2 b) { return uvec2(a.x - b.x - (a.y < b.y ? 1u : 0u), a.y - b.y); }

uvec2 sum_of(uvec2 a, uint b) {
    uint carry;
    uint low = uaddCarry(a.y, b, carry);
    return uvec2(a.x + carry, low);
}

// rounded keeps the 53 highest bits, to nearest, ties to even. x has at most 63.
uvec2 rounded(uvec2 x) {
    int drop = bits(x) - 53;
    if (drop <= 0) return x;
    uint unit = 1u << drop;
    bool odd = (x.y & unit) != 0u;
    x = sum_of(x, unit / 2u - (odd ? 0u : 1u));
    return uvec2(x.x, x.y & ~(unit - 1u));
}

// times is x * n for n below 256; x has at most 53 bits.
uvec2 times(uvec2 x, uint n) {
    uint high, low;
    umulExtended(x.y, n, high, low);
    return uvec2(x.x * n + high, low);
}

// quotient_255 is 255/d as a double: 53 bits, in units of 2^-scale.
uvec2 quotient_255(uint d, out int scale) {
    uint whole = 255u / d, rest = 255u % d;
    scale = 53 - bits(uvec2(0u, whole));
    uvec2 q = uvec2(0u, whole);
    for (int i = 0; i < scale; i++) {
        rest *= 2u;
        q = shifted_left(q, 1);
        if (rest >= d) { q.y |= 1u; rest -= d; }
    }
    if (2u * rest > d || 2u * rest == d && (q.y & 1u) != 0u) q = sum_of(q, 1u);
    return q;
}

// stretched is autocontrast's value of v in low..high.
uint stretched(uint v, uint low, uint high) {
    uint d = high - low, n = 255u * (v - low), whole = n / d;
    if (n % d != 0u || n == 0u) return whole;
    int scale;
    uvec2 s = quotient_255(d, scale);
    uvec2 at = rounded(difference(rounded(times(s, v)), rounded(times(s, low))));
    return less(at, shifted_left(uvec2(0u, whole), scale)) ? whole - 1u : whole;
}

#endif
