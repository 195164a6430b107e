using System.Globalization;

namespace Dlrm.Checkpoints;

/// <summary>How often a checkpoint is due: every so many steps, or so much time.</summary>
/// <param name="Steps">Steps, 1 or more; 0 when time counts.</param>
/// <param name="Time">Time from one to the next.</param>
public readonly record struct CheckpointInterval(long Steps, TimeSpan Time)
{
    /// <summary>Reads <c>100</c>, <c>100steps</c>, <c>30s</c> or <c>10min</c>.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is none of these; the message says what was expected.</exception>
    public static CheckpointInterval Parse(string text)
    {
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }

        if (int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0)
        {
            switch (text[digits..])
            {
                case "" or "step" or "steps":
                    return new CheckpointInterval(count, default);
                case "s":
                    return new CheckpointInterval(0, TimeSpan.FromSeconds(count));
                case "min":
                    return new CheckpointInterval(0, TimeSpan.FromMinutes(count));
                default:
                    break;
            }
        }

        throw new FormatException("a whole number, 1 or more, of steps, s or min, such as 1000, 1000steps, 30s or 10min");
    }

    /// <summary>The text that <see cref="Parse"/> reads back.</summary>
    public override string ToString() => Steps > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Steps}steps")
        : string.Create(CultureInfo.InvariantCulture, $"{(long)Time.TotalSeconds}s");
}
