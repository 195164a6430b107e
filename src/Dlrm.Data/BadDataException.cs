namespace Dlrm.Data;

/// <summary>A data file cannot be read as it is. The message says where, what, and what to do.</summary>
public sealed class BadDataException : Exception
{
    /// <summary>A defect of a whole file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="problem">What is wrong, and what to do.</param>
    /// <param name="inner">What was thrown underneath, if anything.</param>
    public BadDataException(string file, string problem, Exception? inner = null)
        : base($"{file}: {problem}", inner)
    {
        File = file;
        Reason = BadLineReason.File;
        Text = "";
        ColumnName = "";
    }

    /// <summary>A defect of one line.</summary>
    /// <param name="file">The file.</param>
    /// <param name="line">Where, and what.</param>
    internal BadDataException(string file, in BadLine line)
        : base($"{file} {line.Describe()} {BadLine.Fix(line.Reason)}")
    {
        File = file;
        Line = line.Line;
        Column = line.Column;
        ColumnName = line.ColumnName;
        Reason = line.Reason;
        Text = line.Text;
    }

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The line, from 1; 0 when the whole file is meant.</summary>
    public long Line { get; }

    /// <summary>The field in that line, from 1; 0 when the whole line is meant.</summary>
    public int Column { get; }

    /// <summary>The field's name, e.g. <c>label</c>, <c>I4</c> or <c>C26</c>; empty when the whole line is meant.</summary>
    public string ColumnName { get; }

    /// <summary>The kind of defect.</summary>
    public BadLineReason Reason { get; }

    /// <summary>The offending text, shortened, with unprintable bytes written as <c>\xNN</c>.</summary>
    public string Text { get; }
}
