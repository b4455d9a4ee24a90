using System.Buffers.Binary;

namespace Preheat.LocalCloud.Hub;

/// <summary>Normally distributed bfloat16 values from a seed, the same on every machine.</summary>
/// <remarks>
/// 16 random bits choose one of 65,536 equally likely quantiles of N(0, σ²), each rounded to the nearest bfloat16:
/// one table look-up a value, so that weights appear as fast as a disk takes them.
/// </remarks>
internal sealed class NormalBfloat16
{
    private readonly ushort[] _quantiles = new ushort[65_536];

    public NormalBfloat16(double standardDeviation)
    {
        for (var i = 0; i < _quantiles.Length; i++)
        {
            _quantiles[i] = Round((float)(Quantile((i + 0.5) / _quantiles.Length) * standardDeviation));
        }
    }

    /// <summary>Fills a buffer (a multiple of 8 bytes) and moves the generator's state on (splitmix64).</summary>
    public void Fill(Span<byte> buffer, ref ulong state)
    {
        for (var offset = 0; offset < buffer.Length; offset += 8)
        {
            state += 0x9e3779b97f4a7c15;
            var z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            z ^= z >> 31;
            var four = _quantiles[(ushort)z]
                | ((ulong)_quantiles[(ushort)(z >> 16)] << 16)
                | ((ulong)_quantiles[(ushort)(z >> 32)] << 32)
                | ((ulong)_quantiles[(ushort)(z >> 48)] << 48);
            BinaryPrimitives.WriteUInt64LittleEndian(buffer[offset..], four);
        }
    }

    /// <summary>Round to nearest, ties to even; the values here are finite.</summary>
    private static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Inverse of the standard normal distribution, Abramowitz and Stegun 26.2.23: off by at most 4.5e-4, where bfloat16 holds about 3 digits.</summary>
    private static double Quantile(double probability)
    {
        if (probability > 0.5)
        {
            return -Quantile(1 - probability);
        }

        var t = Math.Sqrt(-2 * Math.Log(probability));
        return -(t - ((2.515517 + (0.802853 * t) + (0.010328 * t * t)) / (1 + (1.432788 * t) + (0.189269 * t * t) + (0.001308 * t * t * t))));
    }
}
