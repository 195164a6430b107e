using System.Buffers.Text;
using System.Text;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Generating;

/// <summary>Criteo's text: 40 fields between tabs, without or with a header.</summary>
internal sealed class TextSink : FileSink
{
    /// <summary>More than a row ever has: 13 numbers of ten digits, 26 hashes of eight, tabs, label, line end.</summary>
    private const int RowBytes = 400;

    private readonly PlantedModel _model;
    private readonly bool _header;

    /// <summary>Starts the file.</summary>
    public TextSink(string path, PlantedModel model, bool header)
        : base(path)
    {
        _model = model;
        _header = header;
        if (header)
        {
            Stream.Write(Encoding.ASCII.GetBytes(string.Join('\t', CriteoColumns.Names) + "\n"));
        }
    }

    /// <inheritdoc/>
    protected override string? Schema => _header ? GeneratedSchema.Of(_model.TableRows, SparseType.Hex).ToJson() : null;

    /// <inheritdoc/>
    public override void Prepare(GeneratedBlock block)
    {
        if (block.Text.Length == 0)
        {
            block.Text = new byte[GeneratedBlock.MaxRows * RowBytes];
        }

        Span<byte> text = block.Text;
        int at = 0;
        for (int row = 0; row < block.Rows; row++)
        {
            text[at++] = (byte)('0' + block.Labels[row]);
            foreach (int number in block.Dense.AsSpan(row * CriteoColumns.Dense, CriteoColumns.Dense))
            {
                text[at++] = (byte)'\t';
                if (number != CriteoColumns.Missing)
                {
                    Utf8Formatter.TryFormat(number, text[at..], out int written);
                    at += written;
                }
            }

            ReadOnlySpan<int> ranks = block.Ranks.AsSpan(row * CriteoColumns.Categorical, CriteoColumns.Categorical);
            for (int table = 0; table < ranks.Length; table++)
            {
                text[at++] = (byte)'\t';
                Utf8Formatter.TryFormat(_model.Value(table, ranks[table]), text[at..], out int written, new System.Buffers.StandardFormat('x', 8));
                at += written;
            }

            text[at++] = (byte)'\n';
        }

        block.TextLength = at;
    }

    /// <inheritdoc/>
    public override void Write(GeneratedBlock block) => Stream.Write(block.Text, 0, block.TextLength);

    /// <inheritdoc/>
    protected override void End()
    {
    }
}
