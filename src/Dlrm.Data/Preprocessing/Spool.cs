using System.Globalization;
using System.Runtime.InteropServices;

namespace Dlrm.Data.Preprocessing;

/// <summary>A block of rows in a spool file.</summary>
/// <param name="File">The spool file's number.</param>
/// <param name="Offset">Where it begins there.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="FirstRow">Rows before it.</param>
/// <param name="Source">The number of the source file.</param>
/// <param name="Generation">The generation of the vocabularies that its numbers belong to.</param>
internal sealed record SpoolBlock(int File, long Offset, int Length, int Rows, long FirstRow, int Source, int Generation);

/// <summary>
/// Parsed rows on disk between the pass over the source and the encoding: numbers as they stand, categories as numbers of
/// first appearance. So the source is read once, and may be a pipe.
/// </summary>
internal static class Spool
{
    /// <summary>The name of a spool file.</summary>
    public static string Name(int file) => string.Create(CultureInfo.InvariantCulture, $"spool-{file:00000}.bin");

    /// <summary>Writes the rows of a block.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(Stream stream, RawBlock block)
    {
        int rows = block.Rows;
        int written = Put(stream, block.Labels, rows);
        foreach (double[] dense in block.Dense)
        {
            written += Put(stream, dense, rows);
        }

        foreach (RawBlock.TokenColumn tokens in block.Tokens)
        {
            if (tokens.Offsets is not null)
            {
                written += Put(stream, tokens.Offsets, rows + 1);
            }

            written += Put(stream, tokens.Ids, tokens.Count);
        }

        written += block.Weights is null ? 0 : Put(stream, block.Weights, rows);
        written += block.Groups is null ? 0 : Put(stream, block.Groups, rows);
        return written + (block.Keys is null ? 0 : Put(stream, block.Keys, rows));
    }

    /// <summary>Reads the rows of a block.</summary>
    /// <param name="bytes">What <see cref="Write"/> wrote.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="block">Of the same columns.</param>
    public static void Read(ReadOnlySpan<byte> bytes, int rows, RawBlock block)
    {
        block.Clear();
        block.Rows = rows;
        block.Resize(rows);
        Get(ref bytes, block.Labels, rows);
        foreach (double[] dense in block.Dense)
        {
            Get(ref bytes, dense, rows);
        }

        foreach (RawBlock.TokenColumn tokens in block.Tokens)
        {
            tokens.Count = rows;
            if (tokens.Offsets is not null)
            {
                tokens.ReserveRows(rows);
                Get(ref bytes, tokens.Offsets, rows + 1);
                tokens.Count = tokens.Offsets[rows];
            }

            tokens.ReserveValues(tokens.Count);
            Get(ref bytes, tokens.Ids, tokens.Count);
        }

        if (block.Weights is not null)
        {
            Get(ref bytes, block.Weights, rows);
        }

        if (block.Groups is not null)
        {
            Get(ref bytes, block.Groups, rows);
        }

        if (block.Keys is not null)
        {
            Get(ref bytes, block.Keys, rows);
        }
    }

    private static int Put<T>(Stream stream, T[] values, int count)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values.AsSpan(0, count));
        stream.Write(bytes);
        return bytes.Length;
    }

    private static void Get<T>(ref ReadOnlySpan<byte> bytes, T[] values, int count)
        where T : unmanaged
    {
        Span<byte> target = MemoryMarshal.AsBytes(values.AsSpan(0, count));
        bytes[..target.Length].CopyTo(target);
        bytes = bytes[target.Length..];
    }
}
