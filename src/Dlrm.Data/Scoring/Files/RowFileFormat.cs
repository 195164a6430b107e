namespace Dlrm.Data.Scoring.Files;

/// <summary>A format of raw rows, or of scores.</summary>
public enum RowFileFormat
{
    /// <summary>Told by the contents of an input, the name of an output.</summary>
    Auto,

    /// <summary>Text with commas (or what the file has) between fields.</summary>
    Csv,

    /// <summary>Text with tabs between fields.</summary>
    Tsv,

    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>Arrow IPC.</summary>
    Arrow,

    /// <summary>Parquet.</summary>
    Parquet,
}
