"""Texts of e-mails to subscribers, in the languages of the web client."""

from ostraka.gateway.notice_texts import Language

_CONFIRM: dict[Language, tuple[str, str]] = {
    "en": (
        "Confirm: messages about {title}",
        "Someone, probably you, requested messages about “{title}” to this address.\n\n"
        "To confirm, open this page within {hours} hours:\n{link}\n\n"
        "If it was not you, ignore this message. The address is then deleted.\n",
    ),
    "de": (
        "Bitte bestätigen: Nachrichten zu {title}",
        "Jemand, wahrscheinlich Sie, möchte unter dieser Adresse Nachrichten zu „{title}“ "
        "erhalten.\n\n"
        "Öffnen Sie zur Bestätigung innerhalb von {hours} Stunden diese Seite:\n{link}\n\n"
        "Wenn Sie es nicht waren, beachten Sie diese Nachricht nicht. Die Adresse wird dann "
        "gelöscht.\n",
    ),
    "es": (
        "Confirme: mensajes sobre {title}",
        "Alguien, probablemente usted, pidió mensajes sobre «{title}» en esta dirección.\n\n"
        "Para confirmarlo, abra esta página en un plazo de {hours} horas:\n{link}\n\n"
        "Si no fue usted, ignore este mensaje. La dirección se borrará.\n",
    ),
    "pl": (
        "Potwierdź: wiadomości na temat {title}",
        "Ktoś, prawdopodobnie Ty, zamówił na ten adres wiadomości na temat „{title}”.\n\n"
        "Aby potwierdzić, otwórz tę stronę w ciągu {hours} godzin:\n{link}\n\n"
        "Jeśli to pomyłka, zignoruj tę wiadomość. Adres zostanie usunięty.\n",
    ),
}
_MESSAGE: dict[Language, str] = {
    "en": "{line}\n\n{link}\n\n-- \n"
    "You receive this message because you subscribed to it. To unsubscribe, or to see and delete "
    "your data:\n{manage}\n",
    "de": "{line}\n\n{link}\n\n-- \n"
    "Sie erhalten diese Nachricht, weil Sie sie abonniert haben. Abbestellen, oder Ihre Daten "
    "ansehen und löschen:\n{manage}\n",
    "es": "{line}\n\n{link}\n\n-- \n"
    "Recibe este mensaje porque se suscribió. Para darse de baja, o para ver y borrar sus datos:\n"
    "{manage}\n",
    "pl": "{line}\n\n{link}\n\n-- \n"
    "Otrzymujesz tę wiadomość, bo ją subskrybujesz. Rezygnacja, wgląd w dane i ich usunięcie:\n"
    "{manage}\n",
}


def confirmation_text(language: Language, title: str, link: str, hours: int) -> tuple[str, str]:
    """Return subject and text of the e-mail that asks for confirmation.

    Args:
        hours: How long the link works, at least 5 (the Polish text needs that plural).
    """
    subject, text = _CONFIRM[language]
    return subject.format(title=title), text.format(title=title, link=link, hours=hours)


def message_text(language: Language, line: str, link: str, manage: str) -> str:
    """Return the text of an e-mail.

    Args:
        line: What happened.
        link: Page about it.
        manage: Page of the subscription.
    """
    return _MESSAGE[language].format(line=line, link=link, manage=manage)
