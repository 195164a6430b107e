using System.Buffers.Binary;
using System.Text;

namespace Dlrm.Interop.Tests.TensorBoard;

/// <summary>
/// A second reading of event files, by nothing that wrote them: records with both checksums, bit by bit, and protobuf's
/// wire format by hand. Field numbers are those of TensorBoard's event.proto and summary.proto.
/// </summary>
internal sealed record ReadEvent(double WallTime, long Step)
{
    public string? FileVersion { get; private set; }

    public bool IsStart { get; private set; }

    public string? Tag { get; private set; }

    public float? Scalar { get; private set; }

    public string? Text { get; private set; }

    public string? Plugin { get; private set; }

    /// <summary>min, max, num, sum, sum_squares.</summary>
    public double[]? Moments { get; private set; }

    public double[] Limits { get; private set; } = [];

    public double[] Counts { get; private set; } = [];

    /// <summary>All events of a file, which may still be open for writing.</summary>
    public static List<ReadEvent> All(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var events = new List<ReadEvent>();
        for (int at = 0; at < bytes.Length;)
        {
            ReadOnlySpan<byte> head = bytes.AsSpan(at, 8);
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(head));
            Check(head, bytes.AsSpan(at + 8, 4));
            ReadOnlySpan<byte> data = bytes.AsSpan(at + 12, length);
            Check(data, bytes.AsSpan(at + 12 + length, 4));
            events.Add(Event(data.ToArray()));
            at += 16 + length;
        }

        return events;
    }

    /// <summary>CRC-32C by its polynomial, a bit at a time.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte one in bytes)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }

    private static void Check(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> written)
    {
        uint crc = Crc(bytes);
        uint masked = unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8u);
        if (masked != BinaryPrimitives.ReadUInt32LittleEndian(written))
        {
            throw new InvalidDataException("A checksum is wrong.");
        }
    }

    private static ReadEvent Event(byte[] message)
    {
        Dictionary<int, List<object>> fields = Fields(message);
        var read = new ReadEvent(Double(fields, 1), fields.TryGetValue(2, out List<object>? step) ? (long)(ulong)step[0] : 0);
        if (fields.TryGetValue(3, out List<object>? version))
        {
            read.FileVersion = Encoding.UTF8.GetString((byte[])version[0]);
        }

        if (fields.TryGetValue(7, out List<object>? session))
        {
            read.IsStart = (ulong)Fields((byte[])session[0])[1][0] == 1;
        }

        if (fields.TryGetValue(5, out List<object>? summary))
        {
            read.ReadValue((byte[])Fields((byte[])summary[0])[1][0]);
        }

        return read;
    }

    private void ReadValue(byte[] message)
    {
        Dictionary<int, List<object>> value = Fields(message);
        Tag = Encoding.UTF8.GetString((byte[])value[1][0]);
        if (value.TryGetValue(2, out List<object>? simple))
        {
            Scalar = BitConverter.UInt32BitsToSingle((uint)simple[0]);
        }

        if (value.TryGetValue(5, out List<object>? histogram))
        {
            Dictionary<int, List<object>> fields = Fields((byte[])histogram[0]);
            Moments = [.. Enumerable.Range(1, 5).Select(field => Double(fields, field))];
            (Limits, Counts) = (Packed(fields, 6), Packed(fields, 7));
        }

        if (value.TryGetValue(8, out List<object>? tensor))
        {
            Text = Encoding.UTF8.GetString((byte[])Fields((byte[])tensor[0])[8][0]);
        }

        if (value.TryGetValue(9, out List<object>? metadata))
        {
            Plugin = Encoding.UTF8.GetString((byte[])Fields((byte[])Fields((byte[])metadata[0])[1][0])[1][0]);
        }
    }

    private static double Double(Dictionary<int, List<object>> fields, int number) =>
        fields.TryGetValue(number, out List<object>? field) ? BitConverter.UInt64BitsToDouble((ulong)field[0]) : 0;

    private static double[] Packed(Dictionary<int, List<object>> fields, int number)
    {
        byte[] bytes = fields.TryGetValue(number, out List<object>? field) ? (byte[])field[0] : [];
        return [.. Enumerable.Range(0, bytes.Length / 8).Select(i => BitConverter.ToDouble(bytes, 8 * i))];
    }

    /// <summary>Fields of a message: varints and fixed 64 as ulong, fixed 32 as uint, the rest as bytes.</summary>
    private static Dictionary<int, List<object>> Fields(byte[] message)
    {
        var fields = new Dictionary<int, List<object>>();
        int at = 0;
        while (at < message.Length)
        {
            ulong key = Varint();
            object value;
            switch (key & 7)
            {
                case 0:
                    value = Varint();
                    break;
                case 1:
                    value = BitConverter.ToUInt64(message, at);
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint();
                    value = message[at..(at + length)];
                    at += length;
                    break;
                case 5:
                    value = BitConverter.ToUInt32(message, at);
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {key & 7}.");
            }

            if (!fields.TryGetValue((int)(key >> 3), out List<object>? values))
            {
                fields[(int)(key >> 3)] = values = [];
            }

            values.Add(value);
        }

        return fields;

        ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte one = message[at++];
                value |= (ulong)(one & 0x7F) << shift;
                if (one < 0x80)
                {
                    return value;
                }
            }
        }
    }
}
