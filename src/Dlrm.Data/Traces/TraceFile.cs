using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Dlrm.Data.Traces;

/// <summary>Files of accesses: one line of numbers with <c>, </c> between, or 64-bit integers, little-endian.</summary>
public static class TraceFile
{
    /// <summary>Reads one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="binary">64-bit integers.</param>
    /// <exception cref="BadDataException">It is not one; the message names the place.</exception>
    public static ulong[] Read(string path, bool binary)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (binary)
        {
            return bytes.Length % sizeof(ulong) == 0
                ? MemoryMarshal.Cast<byte, ulong>(bytes).ToArray()
                : throw new BadDataException(path, $"has {bytes.Length} bytes, which is no whole number of 64-bit integers.");
        }

        var trace = new List<ulong>();
        ReadOnlySpan<byte> text = bytes;
        int end = text.IndexOf((byte)'\n');
        text = (end < 0 ? text : text[..end]).Trim((byte)'\r');
        while (true)
        {
            int comma = text.IndexOf((byte)',');
            ReadOnlySpan<byte> field = (comma < 0 ? text : text[..comma]).Trim((byte)' ');
            trace.Add(ulong.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out ulong row)
                ? row
                : throw new BadDataException(
                    path, $"access {trace.Count + 1}: '{BadLine.Escape(field[..Math.Min(field.Length, 40)])}' is not a row number; accesses are whole numbers on one line, with ', ' between, or 64-bit integers with --trace-file-binary-type."));
            if (comma < 0)
            {
                return [.. trace];
            }

            text = text[(comma + 1)..];
        }
    }

    /// <summary>Writes one, byte for byte as the reference does.</summary>
    /// <param name="path">The file.</param>
    /// <param name="trace">Accesses.</param>
    /// <param name="binary">64-bit integers.</param>
    public static void Write(string path, ReadOnlySpan<ulong> trace, bool binary)
    {
        var bytes = new MemoryStream();
        Span<byte> digits = stackalloc byte[24];
        for (int access = 0; access < trace.Length; access++)
        {
            int length = sizeof(ulong);
            if (binary)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(digits, trace[access]);
            }
            else
            {
                if (access > 0)
                {
                    bytes.Write(", "u8);
                }

                trace[access].TryFormat(digits, out length, default, CultureInfo.InvariantCulture);
            }

            bytes.Write(digits[..length]);
        }

        Replace(path, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>Draws accesses with the distances of a trace, from the beginning.</summary>
    /// <param name="distances">Of the trace.</param>
    /// <param name="count">Accesses.</param>
    /// <param name="padding">No new row once all have been seen.</param>
    /// <param name="random">One uniform number an access is taken.</param>
    public static ulong[] Generate(StackDistances distances, int count, bool padding, Random.NumpyRandom random)
    {
        var trace = new ulong[count];
        new SyntheticTrace(distances, padding, count).Draw(random, trace);
        return trace;
    }

    /// <summary>Writes a file whole or not at all.</summary>
    internal static void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        string partial = path + ".partial";
        try
        {
            using (var stream = new FileStream(partial, FileMode.Create, FileAccess.Write))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
