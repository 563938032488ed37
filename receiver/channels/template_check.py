"""stub"""
def check_templates(directory):
    return []
