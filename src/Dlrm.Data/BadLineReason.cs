namespace Dlrm.Data;

/// <summary>Why a line, or a whole file, cannot be read.</summary>
public enum BadLineReason
{
    /// <summary>The file cannot be used as a whole: empty, too few rows, damaged, of another kind.</summary>
    File,

    /// <summary>The line is empty.</summary>
    EmptyLine,

    /// <summary>The line has more or fewer fields than it must have.</summary>
    FieldCount,

    /// <summary>A field that must be a whole number is not.</summary>
    NotANumber,

    /// <summary>A whole number lies outside the 32-bit range.</summary>
    NumberTooLarge,

    /// <summary>The label is neither 0 nor 1.</summary>
    Label,

    /// <summary>A field that must be a hexadecimal hash is not.</summary>
    NotHexadecimal,

    /// <summary>A hash has more than eight hexadecimal digits.</summary>
    HashTooLong,

    /// <summary>The line has a zero byte.</summary>
    ZeroByte,

    /// <summary>The line has a carriage return.</summary>
    CarriageReturn,

    /// <summary>The line is longer than any line can be.</summary>
    LineTooLong,

    /// <summary>The packed file ends before its stream does, or other bytes follow the stream.</summary>
    Truncated,
}
