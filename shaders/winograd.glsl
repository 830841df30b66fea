// Winograd's convolution F(4x4, 3x3): four by four outputs of a 3x3 window, of padding 1 and stride 1, cost 36 multiplications for each
// pair of channels instead of 144.
//
// The image is cut into tiles of 4 x 4 outputs, which see 6 x 6 inputs d. With g for the 3 x 3 taps
//
//   y = AT [ (G g GT) * (BT d B) ] A     * being element by element, T transposed
//
// Rows of d, taps and outputs are polynomials: their product is known by its values at six points, here 0, 3/4, -3/4, 3/2, -3/2 and
// infinity. G and BT bring taps and inputs to the points, AT brings products back. Summed over channels, each of the 36 elements
// is a matrix product of its own, A[m,k] x V[k,tile]: the products of winograd_product. The gradient by the input is the same with the
// weight turned around. The gradient by the weight is GT [ sum over tiles of (A dy AT) * (BT d B) ] G.
//
// With these points every constant of A and B is exact in float32, and the error is a quarter of that with 0, 1, -1, 2, -2: for 512 channels an
// NMSE of 3e-12 of the outputs and 1e-11 of the gradient by the weight (direct: 6e-13).
//
//   V       (36, N/PLANE', K, PLANE')   PLANE' tiles to a panel, 0 behind the last tile; element 6i + j of tile p
//
// Tiles are counted through all images, row by row. A chunk has a number of each of CHUNK neighbouring tiles.
#ifndef WINOGRAD_GLSL
#define WINOGRAD_GLSL

#define P 0.75
#define Q 1.5
#define PP 0.5625     // P*P
#define QQ 2.25       // Q*Q
#define PPP 0.421875  // P*P*P
#define QQQ 3.375     // Q*Q*Q
#define PPQQ 1.265625 // P*P*Q*Q
#define SUM 2.8125    // P*P + Q*Q
#define AT_P (-1.0 / 1.8984375) // 1 / (2 PP (PP-QQ)), by which G divides at the points P and -P
#define AT_Q (1.0 / 7.59375)    // 1 / (2 QQ (QQ-PP)), at Q and -Q
#define AT_0 (1.0 / 1.265625)   // 1 / PPQQ

struct Six { chunk a, b, c, d, e, f; };
struct Four { chunk a, b, c, d; };
struct Three { chunk a, b, c; };

// BT: six inputs of a row at the points.
Six of_input(Six d) {
    chunk p = d.e - QQ * d.c, q = d.e - PP * d.c, r = P * (d.d - QQ * d.b), s = Q * (d.d - PP * d.b);
    return Six(PPQQ * d.a - SUM * d.c + d.e, p + r, p - r, q + s, q - s, PPQQ * d.b - SUM * d.d + d.f);
}

// A: four gradients of a row at the points.
Six of_gradient(Four y) {
    chunk p = y.a + PP * y.c, q = y.a + QQ * y.c, r = P * y.b + PPP * y.d, s = Q * y.b + QQQ * y.d;
    return Six(y.a, p + r, p - r, q + s, q - s, y.d);
}

// AT: four outputs of a row of products.
Four to_output(Six m) {
    chunk p = m.b + m.c, q = m.d + m.e, r = m.b - m.c, s = m.d - m.e;
    return Four(m.a + p + q, P * r + Q * s, PP * p + QQ * q, PPP * r + QQQ * s + m.f);
}

// G: three taps of a row at the points.
Six of_taps(Three g) {
    chunk p = g.a + PP * g.c, q = g.a + QQ * g.c;
    return Six(AT_0 * g.a, AT_P * (p + P * g.b), AT_P * (p - P * g.b), AT_Q * (q + Q * g.b), AT_Q * (q - Q * g.b), g.c);
}

// GT: three taps of a row of products.
Three to_taps(Six m) {
    chunk p = AT_P * (m.b + m.c), q = AT_Q * (m.d + m.e), r = AT_P * (m.b - m.c), s = AT_Q * (m.d - m.e);
    return Three(AT_0 * m.a + p + q, P * r + Q * s, PP * p + QQ * q + m.f);
}

#define EACH_OF_6(f) f(0) f(1) f(2) f(3) f(4) f(5)
#define EACH_FIELD(each) each(0, a) each(1, b) each(2, c) each(3, d) each(4, e) each(5, f)

#endif
