using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;

namespace Dlrm.Data.Generating;

/// <summary>Rows that follow each other, on their way from the model to the file.</summary>
internal sealed class GeneratedBlock
{
    /// <summary>Most rows of a block.</summary>
    public const int MaxRows = 4096;

    /// <summary>The first row's number in the sample.</summary>
    public long Start { get; set; }

    /// <summary>R: rows in use.</summary>
    public int Rows { get; set; }

    /// <summary>The part of the data that the rows belong to: one for all of them.</summary>
    public int Part { get; set; }

    /// <summary>(R, 13); <see cref="CriteoColumns.Missing"/> where a number is missing.</summary>
    public int[] Dense { get; } = new int[MaxRows * CriteoColumns.Dense];

    /// <summary>(R, 26): rank of the category, 0 the most frequent.</summary>
    public int[] Ranks { get; } = new int[MaxRows * CriteoColumns.Categorical];

    /// <summary>(R): the true log-odds.</summary>
    public double[] Logits { get; } = new double[MaxRows];

    /// <summary>(R): 0 or 1.</summary>
    public byte[] Labels { get; } = new byte[MaxRows];

    /// <summary>The rows as text, where text is written.</summary>
    public byte[] Text { get; set; } = [];

    /// <summary>Bytes of <see cref="Text"/> in use.</summary>
    public int TextLength { get; set; }

    /// <summary>The rows in columns, where a data set is written.</summary>
    public RowBuffers? Columns { get; set; }
}
