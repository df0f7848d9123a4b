"""Fast float32 versions of the scalar primitives, written so that a loop over them vectorises.

LLVM has no vector library here: through libm, tanh alone would cost more than all else in a step.
Every function is branch-free arithmetic: reduce the argument, evaluate a polynomial or a ratio of
two, scale. nan stays nan, overflow gives inf. Errors against float64, in units in the last place
(ulp), are tested.
"""

import math

import numpy as np

from core.engine.jit import exact

f32 = np.float32

ROUND = f32(12582912.0)  # 1.5 * 2^23: adding it leaves the nearest integer in the low bits
ROUND_BITS = np.int32(ROUND.view(np.int32))
LOG2_E = f32(math.log2(math.e))
LN2_HIGH = f32(0.693359375)  # exact in 10 bits, so that n * LN2_HIGH is exact
LN2_LOW = f32(math.log(2.0) - 0.693359375)
ONE, HALF, TWO, ZERO = f32(1.0), f32(0.5), f32(2.0), f32(0.0)


@exact
def bits_of(x):
    """The 32 bits of a float32, as an int32."""
    return np.float32(x).view(np.int32)


@exact
def float_of(bits):
    """The float32 that an int32's bits stand for."""
    return np.int32(bits).view(np.float32)


@exact
def power_of_two(n):
    """2^n for an int32 n in [-126, 127]."""
    return float_of((n + np.int32(127)) << np.int32(23))


@exact
def reduced(x):
    """Split x = n ln 2 + r with |r| <= ln(2) / 2; returns n (int32) and e^r - 1."""
    shifted = x * LOG2_E + ROUND
    n = np.int32(bits_of(shifted) - ROUND_BITS)
    whole = shifted - ROUND
    r = (x - whole * LN2_HIGH) - whole * LN2_LOW
    # Cephes, expf: minimax on [-ln(2) / 2, ln(2) / 2]
    p = f32(1.9875691500e-4)
    p = p * r + f32(1.3981999507e-3)
    p = p * r + f32(8.3334519073e-3)
    p = p * r + f32(4.1665795894e-2)
    p = p * r + f32(1.6666665459e-1)
    p = p * r + f32(5.0000001201e-1)
    return n, p * (r * r) + r


@exact
def exp(x):
    """e^x; at most 1 ulp off. Denormal results are right, beyond 88.7 it is inf."""
    x = f32(89.0) if x > f32(89.0) else x
    x = f32(-104.0) if x < f32(-104.0) else x
    n, p = reduced(x)
    half = np.int32(n >> np.int32(1))  # in two factors, since 2^128 and 2^-149 are no normal floats
    return ((p + ONE) * power_of_two(half)) * power_of_two(np.int32(n - half))


@exact
def expm1(x):
    """e^x - 1, exact near zero."""
    x = f32(89.0) if x > f32(89.0) else x
    x = f32(-20.0) if x < f32(-20.0) else x
    n, p = reduced(x)
    half_scale = power_of_two(np.int32(n - np.int32(1)))
    return TWO * (half_scale * p + (half_scale - HALF))


SMALLEST_NORMAL = f32(1.17549435e-38)
TWO_TO_23 = f32(8388608.0)
SQRT_HALF_BITS = np.int32(0x3F3504F3)
INFINITY = f32(math.inf)
NAN = f32(math.nan)


@exact
def log(x):
    """Natural logarithm; -inf at 0, nan below."""
    tiny = x < SMALLEST_NORMAL
    scaled = x * TWO_TO_23 if tiny else x
    bits = bits_of(scaled)
    exponent = np.int32(np.int32(bits - SQRT_HALF_BITS) >> np.int32(23))
    f = float_of(bits - np.int32(exponent << np.int32(23))) - ONE
    e = f32(exponent) - (f32(23.0) if tiny else ZERO)
    # Cephes, logf: f in [sqrt(1/2) - 1, sqrt(2) - 1]
    p = f32(7.0376836292e-2)
    p = p * f + f32(-1.1514610310e-1)
    p = p * f + f32(1.1676998740e-1)
    p = p * f + f32(-1.2420140846e-1)
    p = p * f + f32(1.4249322787e-1)
    p = p * f + f32(-1.6668057665e-1)
    p = p * f + f32(2.0000714765e-1)
    p = p * f + f32(-2.4999993993e-1)
    p = p * f + f32(3.3333331174e-1)
    square = f * f
    y = f * square * p + e * LN2_LOW - HALF * square
    y = (f + y) + e * LN2_HIGH
    y = y if x < INFINITY else x  # inf and nan
    y = -INFINITY if x == ZERO else y
    return NAN if x < ZERO else y


@exact
def log1p(x):
    """log(1 + x), exact near zero: the rounding error of 1 + x is put back (Kahan)."""
    u = ONE + x
    lost = (x - (u - ONE)) / u
    lost = lost if u > ZERO else ZERO
    lost = lost if u < INFINITY else ZERO
    return log(u) + lost


TANH_1 = f32(7.90531110763549805)  # from here on tanh is 1 in float32


@exact
def tanh(x):
    """Hyperbolic tangent, as a ratio of polynomials (Eigen's); at most 4 ulp off."""
    x = TANH_1 if x > TANH_1 else x
    x = -TANH_1 if x < -TANH_1 else x
    s = x * x
    p = f32(-2.76076847742355e-16)
    p = p * s + f32(2.00018790482477e-13)
    p = p * s + f32(-8.60467152213735e-11)
    p = p * s + f32(5.12229709037114e-08)
    p = p * s + f32(1.48572235717979e-05)
    p = p * s + f32(6.37261928875436e-04)
    p = p * s + f32(4.89352455891786e-03)
    q = f32(1.19825839466702e-06)
    q = q * s + f32(1.18534705686654e-04)
    q = q * s + f32(2.26843463243900e-03)
    q = q * s + f32(4.89352518554385e-03)
    return x * p / q


@exact
def erf(x):
    """Gauss error function, as a ratio of polynomials (Eigen's)."""
    x = f32(4.0) if x > f32(4.0) else x
    x = f32(-4.0) if x < f32(-4.0) else x
    s = x * x
    p = f32(-2.72614225801306e-10)
    p = p * s + f32(2.77068142495902e-08)
    p = p * s + f32(-2.10102402082508e-06)
    p = p * s + f32(-5.69250639462346e-05)
    p = p * s + f32(-7.34990630326855e-04)
    p = p * s + f32(-2.95459980854025e-03)
    p = p * s + f32(-1.60960333262415e-02)
    q = f32(-1.45660718464996e-05)
    q = q * s + f32(-2.13374055278905e-04)
    q = q * s + f32(-1.68282697438203e-03)
    q = q * s + f32(-7.37332916720468e-03)
    q = q * s + f32(-1.42647390514189e-02)
    return x * p / q


ROUND_DOUBLE = 1.5 * 2.0**52
HALF_PI = f32(math.pi / 2)


@exact
def sine_of(x):
    """sin x for a float64 x: reduced in double, so that large arguments come out right."""
    shifted = x * (1.0 / math.pi) + ROUND_DOUBLE
    half_turns = shifted - ROUND_DOUBLE
    odd = (np.float64(shifted).view(np.int64) & np.int64(1)) != np.int64(0)
    r = f32(x - half_turns * math.pi)
    r = HALF_PI if r > HALF_PI else r
    r = -HALF_PI if r < -HALF_PI else r
    s = r * r
    p = f32(-2.3889859e-08)
    p = p * s + f32(2.7525562e-06)
    p = p * s + f32(-1.9840874e-04)
    p = p * s + f32(8.3333310e-03)
    p = p * s + f32(-1.6666667e-01)
    y = p * (s * r) + r
    return -y if odd else y


@exact
def sin(x):
    """Sine; nan at infinity."""
    return sine_of(np.float64(x))


@exact
def cos(x):
    """Cosine; nan at infinity."""
    return sine_of(np.float64(x) + math.pi / 2)


@exact
def sqrt(x):
    """Square root; nan below 0."""
    return math.sqrt(x)


@exact
def fabs(x):
    """Absolute value."""
    return abs(x)


PRIMITIVES = {
    function.__name__: function
    for function in (exp, expm1, log, log1p, tanh, erf, sin, cos, sqrt, fabs)
}
