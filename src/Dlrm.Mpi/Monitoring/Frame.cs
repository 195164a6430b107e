using System.Buffers.Binary;
using System.Text;

namespace Dlrm.Mpi.Monitoring;

/// <summary>What ranks tell each other beside MPI.</summary>
internal enum FrameKind
{
    /// <summary>The first of a connection: who calls. Number: the process; text: token, host, one a line.</summary>
    Hello = 1,

    /// <summary>I am alive. Rank and number: who has begun the fewest operations, as far as the sender knows, and how many.</summary>
    Beat,

    /// <summary>I end because of an error. Text: which.</summary>
    Failed,

    /// <summary>I end because the job is done.</summary>
    Goodbye,
}

/// <summary>One message of the monitor.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Rank">Whom it is about.</param>
/// <param name="Number">See <see cref="FrameKind"/>.</param>
/// <param name="Text">See <see cref="FrameKind"/>.</param>
internal readonly record struct Frame(FrameKind Kind, int Rank, long Number, string Text = "")
{
    private const int Head = 20;

    /// <summary>Texts are cut to so many bytes.</summary>
    private const int MaximumText = 4000;

    /// <summary>As bytes: kind, rank, number, length of the text, the text; integers little-endian.</summary>
    public byte[] ToBytes()
    {
        byte[] text = Encoding.UTF8.GetBytes(Text);
        int length = Math.Min(text.Length, MaximumText);
        byte[] bytes = new byte[Head + length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)Kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), Rank);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), Number);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), length);
        text.AsSpan(0, length).CopyTo(bytes.AsSpan(Head));
        return bytes;
    }

    /// <summary>Takes the first frame off bytes that have come.</summary>
    /// <param name="bytes">What has come; what remains after the frame is moved to its start.</param>
    /// <param name="length">How much of it is filled.</param>
    /// <param name="frame">The frame.</param>
    /// <returns>False while it is not whole.</returns>
    /// <exception cref="InvalidDataException">What has come is no frame: somebody else called.</exception>
    public static bool TryTake(byte[] bytes, ref int length, out Frame frame)
    {
        frame = default;
        if (length < Head)
        {
            return false;
        }

        int kind = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        int text = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(16));
        if (kind is < (int)FrameKind.Hello or > (int)FrameKind.Goodbye || text is < 0 or > MaximumText)
        {
            throw new InvalidDataException("What came over the monitor's connection is not from a rank.");
        }

        if (length < Head + text)
        {
            return false;
        }

        frame = new Frame(
            (FrameKind)kind,
            BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8)),
            Encoding.UTF8.GetString(bytes, Head, text));
        length -= Head + text;
        Buffer.BlockCopy(bytes, Head + text, bytes, 0, length);
        return true;
    }
}
