namespace Dlrm.Interop;

/// <summary>Why a file was not read.</summary>
public enum RefusalReason
{
    /// <summary>Something else is inside than a model file of this kind.</summary>
    NotThisFormat,

    /// <summary>The file ends too early.</summary>
    Truncated,

    /// <summary>Its parts contradict one another.</summary>
    Damaged,

    /// <summary>A pickle opcode that no tensor file needs.</summary>
    ForbiddenOpcode,

    /// <summary>A pickle names a class or function that is neither a tensor nor a plain container, e.g. <c>os.system</c>.</summary>
    ForbiddenGlobal,

    /// <summary>A pickle calls something with arguments that it does not take here.</summary>
    ForbiddenCall,

    /// <summary>Containers in containers, deeper than any model.</summary>
    DeepNesting,

    /// <summary>More remembered objects, or higher numbers of them, than any model has.</summary>
    HugeMemo,

    /// <summary>A text, a stack or a whole pickle longer than any model's.</summary>
    TooLarge,

    /// <summary>An archive entry that would grow out of proportion.</summary>
    ZipBomb,

    /// <summary>An archive entry whose name leads out of the archive.</summary>
    PathTraversal,

    /// <summary>A tensor that reaches beyond its storage.</summary>
    OutOfBounds,
}

/// <summary>A file from elsewhere was refused; nothing of it was used.</summary>
public sealed class RefusedFileException : IOException
{
    /// <summary>Refuses a file.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="message">What, where, and what was expected.</param>
    /// <param name="inner">What was thrown below, or null.</param>
    public RefusedFileException(RefusalReason reason, string message, Exception? inner = null)
        : base(message, inner)
    {
        Reason = reason;
    }

    /// <summary>Why.</summary>
    public RefusalReason Reason { get; }
}
