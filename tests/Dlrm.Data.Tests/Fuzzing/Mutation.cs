using CsCheck;

namespace Dlrm.Data.Tests.Fuzzing;

/// <summary>Changes to bytes: one replaced, one bit flipped, some removed, some written twice, the end cut off.</summary>
internal static class Mutation
{
    private static readonly byte[] Sharp = "\t\n\r,\";|-0123456789abcdefABCDEF.eE+ /:@G`g\0\u007f\u0080\u00ff"u8.ToArray();

    /// <summary>Up to <paramref name="most"/> changes, applied one after the other.</summary>
    public static Gen<Func<byte[], byte[]>> Of(int most) =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 1 << 20], Gen.Byte, Gen.Int[1, 40]).Array[1, most]
            .Select(changes => (Func<byte[], byte[]>)(bytes =>
            {
                foreach ((int kind, int place, byte value, int length) in changes)
                {
                    bytes = bytes.Length == 0 ? bytes : Apply(bytes, kind, place % bytes.Length, value, length);
                }

                return bytes;
            }));

    private static byte[] Apply(byte[] bytes, int kind, int place, byte value, int length)
    {
        int end = Math.Min(bytes.Length, place + length);
        byte[] changed = [.. bytes];
        switch (kind)
        {
            case 0:
                changed[place] = value;
                return changed;
            case 1:
                changed[place] = Sharp[value % Sharp.Length];
                return changed;
            case 2:
                changed[place] ^= (byte)(1 << (value & 7));
                return changed;
            case 3:
                return [.. bytes[..place], .. bytes[end..]];
            case 4:
                return [.. bytes[..end], .. bytes[place..]];
            default:
                return value < 32 ? bytes[..place] : [.. bytes[..place], Sharp[value % Sharp.Length], .. bytes[place..]];
        }
    }
}
